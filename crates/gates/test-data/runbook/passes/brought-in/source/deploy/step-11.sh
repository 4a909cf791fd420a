echo step 11
