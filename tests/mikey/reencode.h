/* SPDX-License-Identifier: Apache-2.0 */
/* Writing a decoded message again, payload by payload from its fields: for tests only. */
#ifndef MS_TESTS_MIKEY_REENCODE_H
#define MS_TESTS_MIKEY_REENCODE_H

#include "mikey/writer.h"

/* One payload from its decoded fields. DH, which is only read, is copied. Reserved bits that the
 * decoder drops (ERR's are kept by copying) come out as received. */
void reencode_payload(struct ms_mikey_writer *w, const struct ms_mikey_payload *p);

/* A whole message. */
void reencode_message(struct ms_buf *b, const struct ms_mikey_message *m);

#endif
