const tide = ;
