echo step 02
