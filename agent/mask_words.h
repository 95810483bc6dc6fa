/* SPDX-License-Identifier: Apache-2.0 */
/* The words of build steps that are not secret: mask.c's allow list. */
#ifndef PLIMSOLL_AGENT_MASK_WORDS_H
#define PLIMSOLL_AGENT_MASK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

bool mask_is_word(const char *word);    /* a command or sub-command */
bool mask_is_keyword(const char *word); /* of the shell */
bool mask_is_option(const char *word);
/* sudo, env and the like: what follows is a command. */
bool mask_is_prefix(const char *command);
/* Whether option of command has its value in the next word. */
bool mask_takes_value(const char *command, const char *option);
/* The telling option of a package manager that text holds, or NULL. */
const char *mask_find_telling(const char *text);

/* For the test that they are in order. */
const char *const *mask_all_words(size_t *ret_count);
const char *const *mask_all_options(size_t *ret_count);

#endif
