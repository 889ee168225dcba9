/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is to be known after a restart, even after a crash: a file to which a line of JSON is appended for
 * each change. An entry has a member "key"; its last line counts. At the start it is read and emptied;
 * who keeps things there writes anew what is still true.
 */
#ifndef MS_BORDER_JOURNAL_H
#define MS_BORDER_JOURNAL_H

#include <stdbool.h>

#include <jansson.h>

#include "core/attr.h"
#include "core/buf.h"

struct ms_border_journal; /* owned */

/**
 * Opens the file (mode 0600, made if missing) and hands over what stood there: an object of entries by
 * key, owned by the caller. `rewrite` is to put everything again, when much of the file is of the past.
 * `what` (static) names the file in `error` and in the log. Negative errno.
 */
MS_MUST_CHECK int ms_border_journal_open(const char *path, const char *what,
					 void (*rewrite)(void *arg), void *arg,
					 struct ms_buf *error, struct ms_border_journal **ret_j,
					 json_t **ret_entries);

/** Appends an entry (stolen; NULL: it could not be made, which is logged). `j` may be NULL. */
void ms_border_journal_put(struct ms_border_journal *j, json_t *entry);

/** Appends that the entry is gone. `j` may be NULL. */
void ms_border_journal_drop(struct ms_border_journal *j, const char *key);

/** NULL is fine. Returns NULL. */
struct ms_border_journal *ms_border_journal_close(struct ms_border_journal *j);

#endif
