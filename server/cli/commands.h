/* SPDX-License-Identifier: Apache-2.0 */
/* The commands in this folder; main.c lists them. argv[0] is the command's name. */
#ifndef PLIMSOLL_SERVER_CLI_COMMANDS_H
#define PLIMSOLL_SERVER_CLI_COMMANDS_H

int cmd_audit(int argc, char **argv);
int cmd_checks(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_docker_bench(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_hosts(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_setup(int argc, char **argv);
int cmd_signin_link(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_why(int argc, char **argv);

#endif
