echo step 17
