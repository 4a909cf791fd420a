echo step 16
