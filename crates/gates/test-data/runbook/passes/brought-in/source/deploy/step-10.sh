echo step 10
