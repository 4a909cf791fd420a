echo step 20
