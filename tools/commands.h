/* commands.h: the commands of nll; each takes the program's argv, argv[1] being its name, and
 * returns the exit code. */
#ifndef NLL_TOOL_COMMANDS_H
#define NLL_TOOL_COMMANDS_H

int command_score(int argc, char **argv);
int command_kl_dist(int argc, char **argv);
int command_fit(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_report(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_info(int argc, char **argv);
int command_selftest(int argc, char **argv);

#endif
