/* SPDX-License-Identifier: Apache-2.0 */
/* The last LIMIT_SSH_WORDS_BYTES of what another machine had to say, fit to be shown. */
#ifndef PLIMSOLL_AGENT_SSH_WORDS_H
#define PLIMSOLL_AGENT_SSH_WORDS_H

#include <glib.h>

/* Appends; what is too much goes from the front. */
void ssh_words_add(GString *words, const char *text, gsize size);

/* gives: valid UTF-8, control characters but line ends as '?', without white space around;
 * g_free().
 */
char *ssh_words_show(const GString *words);

#endif
