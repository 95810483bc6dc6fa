/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the table about several benchmarks; nothing when there is one. */
#ifndef PLIMSOLL_SERVER_FORMAT_TABLE_MOVES_H
#define PLIMSOLL_SERVER_FORMAT_TABLE_MOVES_H

#include "server/format/format.h"
#include "server/format/screen.h"

void table_moves_write(const struct screen *screen, const struct report *report);

#endif
