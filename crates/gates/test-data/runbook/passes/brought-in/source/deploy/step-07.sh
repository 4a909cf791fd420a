echo step 07
