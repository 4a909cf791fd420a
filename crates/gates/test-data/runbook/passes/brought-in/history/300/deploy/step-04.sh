echo step 04
