echo step 09
