echo step 23
