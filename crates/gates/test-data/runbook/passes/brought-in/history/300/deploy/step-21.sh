echo step 21
