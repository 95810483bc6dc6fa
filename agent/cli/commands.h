/* SPDX-License-Identifier: Apache-2.0 */
/* The commands in this folder; main.c lists them. argv[0] is the command's name. */
#ifndef PLIMSOLL_AGENT_CLI_COMMANDS_H
#define PLIMSOLL_AGENT_CLI_COMMANDS_H

int cmd_version(int argc, char **argv);

#endif
