echo step 18
