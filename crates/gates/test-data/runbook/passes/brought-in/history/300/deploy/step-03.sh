echo step 03
