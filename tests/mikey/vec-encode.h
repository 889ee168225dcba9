/* SPDX-License-Identifier: Apache-2.0 */
/* From the fields of vectors to structures and encodings of the library. */
#ifndef MS_TESTS_MIKEY_VEC_ENCODE_H
#define MS_TESTS_MIKEY_VEC_ENCODE_H

#include "mikey-vectors.h"
#include "mikey/keydata.h"
#include "mikey/writer.h"

/* Writes payload `name` ("IDR", "TICKET" ...) from its fields; its number, or -1 if unknown. */
int vec_put_payload(struct vec_run *run, struct ms_mikey_writer *w, const char *name,
		    const json_t *f);

/* {"data_type", "v", "prf", "csb_id", "map_type", "cs": [...]} */
bool vec_hdr(struct vec_run *run, const json_t *f, struct ms_mikey_hdr *ret_hdr,
	     struct ms_mikey_cs ret_cs[MS_MIKEY_CS_MAX]);

/* [{"type", "kv", "key", ...}]; one key alone as well. Adds nothing else. */
bool vec_keys(struct vec_run *run, const json_t *list, struct ms_mikey_keys *ret_keys);
struct ms_mikey_key vec_key(struct vec_run *run, const json_t *k);

#endif
