echo step 01
