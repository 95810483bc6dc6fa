/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Step 6 of the flow. Everything that survives a restart, behind one interface; SQL text stands in
 * server/store only. A store is opened once; store_write_* are called by the one writer thread,
 * store_read_* by any thread with a reader of its own.
 */
#ifndef PLIMSOLL_SERVER_STORE_STORE_H
#define PLIMSOLL_SERVER_STORE_STORE_H

#include "checks/evaluate.h"
#include "checks/score.h"

struct store;  /* the writer */
struct reader; /* a read-only snapshot connection */

#define STORE_ERROR (store_error_quark())
GQuark store_error_quark(void);
enum store_error {
	STORE_ERROR_IO,
	STORE_ERROR_SCHEMA,
	STORE_ERROR_NOT_FOUND,
	STORE_ERROR_USED,
	STORE_ERROR_EXPIRED,
	STORE_ERROR_BUSY
};

#endif
