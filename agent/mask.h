/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of an image's build steps may leave the host. Not a search for secrets, which finds most of
 * them, but a list of words that are known to be none: everything else becomes a sign.
 *
 *   _                      a word that is not on the list
 *   -_                     an option that is not on the list
 *   _=*                    an assignment whose name is not known for sure
 *   NAME=* / NAME=         a known name, with or without a value
 *   _url_with_userinfo_    a word that holds a URL with user name or password
 *   _trusted=yes           a word that holds this or another telling option of package managers
 *   _truncated_            the text went on
 */
#ifndef PLIMSOLL_AGENT_MASK_H
#define PLIMSOLL_AGENT_MASK_H

#include <glib.h>
#include <stdbool.h>

/*
 * A shell script as tokens with single blanks between them: commands, sub-commands, options, modes
 * of chmod, keywords, and the operators && || ; | & ( ). A new line is `;`. Redirections, comments,
 * bodies of here-documents, options of sudo and env, and separate values of a package manager's
 * options are left out, so that the first word is the command and the next one that is no option is
 * its sub-command. A quoted text is one word.
 *
 * gives  free with g_free(). The same holds for all below.
 */
char *mask_script(const char *script);

/*
 * Operands of ENV and LABEL: `NAME=*` or `NAME=` for each name. The engine drops the quotes of
 * values, so a piece of a value can look like an assignment.
 *
 * known  set of names that exist for sure; NULL = none. The others become `_`.
 */
char *mask_assignments(const char *operands, GHashTable *known);

/* Operands of ARG: the first name. */
char *mask_argument(const char *operands);

/*
 * The `|2 A=x B=y ` before a RUN step, as assignments.
 *
 * ret_script  borrows from text: the step itself.
 */
char *mask_build_arguments(const char *text, GHashTable *known, const char **ret_script);

/* Behind `/bin/sh -c ` or the like of text; NULL when it does not start with a shell. */
const char *mask_skip_shell(const char *text);

/* Operands of COPY and ADD: the destination. */
char *mask_destination(const char *operands);

/* Cuts text to LIMIT_HISTORY_TEXT_BYTES at a blank and says so. takes text. */
char *mask_limit(char *text);

#endif
