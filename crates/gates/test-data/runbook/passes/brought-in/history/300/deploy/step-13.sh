echo step 13
