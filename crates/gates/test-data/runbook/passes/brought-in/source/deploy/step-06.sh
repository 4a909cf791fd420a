echo step 06
