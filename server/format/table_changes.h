/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the table about a baseline. */
#ifndef PLIMSOLL_SERVER_FORMAT_TABLE_CHANGES_H
#define PLIMSOLL_SERVER_FORMAT_TABLE_CHANGES_H

#include "server/format/changes.h"
#include "server/format/screen.h"

void table_changes_write(const struct screen *screen, const struct changes *changes);

#endif
