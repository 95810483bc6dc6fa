/* SPDX-License-Identifier: Apache-2.0 */
/* The commands in this folder; main.c lists them. argv[0] is the command's name. */
#ifndef PLIMSOLL_AGENT_CLI_COMMANDS_H
#define PLIMSOLL_AGENT_CLI_COMMANDS_H

int cmd_collect(int argc, char **argv);
int cmd_enroll(int argc, char **argv);
int cmd_leave(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_ship(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_version(int argc, char **argv);

#endif
