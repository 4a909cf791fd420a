package main

deny contains "even" if count(numbers.range(1, 100000000000)) % 2 == 0
