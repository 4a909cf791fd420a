echo step 22
