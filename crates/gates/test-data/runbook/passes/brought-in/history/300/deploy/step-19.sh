echo step 19
