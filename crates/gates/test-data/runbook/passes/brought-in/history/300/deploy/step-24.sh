echo step 24
