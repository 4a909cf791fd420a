echo step 14
