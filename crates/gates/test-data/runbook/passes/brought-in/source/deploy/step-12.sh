echo step 12
