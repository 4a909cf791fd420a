echo step 15
