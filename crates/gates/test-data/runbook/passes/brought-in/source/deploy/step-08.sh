echo step 08
