#!/bin/sh
# pool_race.sh PROGRAM: run it with fixed addresses.  The run-time library of ThreadSanitizer that comes with
# gcc 12 cannot live with 32 random bits of addresses; where it says so nevertheless, the test is skipped.
program=$1
fixed=''
! setarch -R true 2>/dev/null || fixed='setarch -R'
output=$($fixed "$program" 2>&1)
code=$?
printf '%s\n' "$output"
case $output in *'unexpected memory mapping'*) exit 77 ;; esac
exit "$code"
