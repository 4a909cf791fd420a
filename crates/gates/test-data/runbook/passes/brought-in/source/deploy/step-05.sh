echo step 05
