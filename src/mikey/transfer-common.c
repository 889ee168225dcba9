/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of Transfer messages that both ends write and read: RFC 6043 section 4.2.2. */
#include <errno.h>

#include "core/reader.h"
#include "mikey/check.h"
#include "mikey/reason.h"
#include "mikey/transfer-priv.h"

static void put_be(uint8_t *p, uint32_t v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
}

/* RFC 6043 section 6.1.1: SSRC, and with S ROC and SEQ. */
static struct ms_span srtp_data(const struct ms_mikey_session *s, uint8_t data[10])
{
	if (s->prot_type != MS_MIKEY_PROT_SRTP || !s->has_ssrc)
		return MS_SPAN_NULL;
	put_be(data, s->ssrc, 4);
	put_be(data + 4, s->roc, 4);
	put_be(data + 8, s->seq, 2);
	return ms_span_of(data, s->has_roc ? 10 : 4);
}

int ms_mikey_map_add(struct ms_mikey_map *map, const struct ms_mikey_session *s)
{
	struct ms_mikey_session *copy;

	if (map->n == MS_MIKEY_CS_MAX)
		return -ENOSPC;
	if (s->n_policies > MS_MIKEY_POLICIES_MAX)
		return -EINVAL;
	copy = &map->session[map->n];
	*copy = *s;
	map->cs[map->n] = (struct ms_mikey_cs){
		.cs_id = s->cs_id,
		.prot_type = s->prot_type,
		.s = s->has_roc && s->prot_type == MS_MIKEY_PROT_SRTP,
		.policies = ms_span_of(copy->policy, s->n_policies),
		.session_data = srtp_data(s, map->data[map->n]),
		.spi = s->spi,
	};
	map->n++;
	return 0;
}

void ms_mikey_session_of(const struct ms_mikey_cs *cs, struct ms_mikey_session *ret_s)
{
	struct ms_reader r = ms_reader_of(cs->session_data);

	*ret_s = (struct ms_mikey_session){ .cs_id = cs->cs_id,
					    .prot_type = cs->prot_type,
					    .spi = cs->spi };
	for (size_t i = 0; i < cs->policies.len && i < MS_MIKEY_POLICIES_MAX; i++)
		ret_s->policy[ret_s->n_policies++] = cs->policies.p[i];
	ret_s->has_ssrc = ms_read_u32(&r, &ret_s->ssrc) == 0;
	ret_s->has_roc =
		cs->s && ms_read_u32(&r, &ret_s->roc) == 0 && ms_read_u16(&r, &ret_s->seq) == 0;
}

void ms_mikey_put_sps(struct ms_mikey_writer *w, const struct ms_mikey_sp *sp, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ms_mikey_put_sp(w, sp[i].policy_no, sp[i].prot_type, sp[i].params);
}

void ms_mikey_put_exts(struct ms_mikey_writer *w, struct ms_span sdp_ids,
		       const struct ms_mikey_ext *ext, size_t n)
{
	if (sdp_ids.p)
		ms_mikey_put_ext(w, MS_MIKEY_EXT_SDP_IDS, sdp_ids);
	for (size_t i = 0; i < n; i++)
		ms_mikey_put_ext(w, ext[i].type, ext[i].data);
}

int ms_mikey_put_keyring(struct ms_mikey_writer *w, const struct ms_mikey_guard *g,
			 enum ms_mikey_which which, unsigned encr_alg, const struct ms_mikey_ts *t,
			 const struct ms_mikey_keyring *keys)
{
	uint8_t room[MS_MIKEY_SEALED_ROOM];
	struct ms_mikey_keys list;
	struct ms_buf plain;
	int err;

	if (!keys || keys->n == 0)
		return 0;
	ms_mikey_keyring_list(keys, &list);
	ms_buf_init_fixed(&plain, room, sizeof(room));
	err = ms_mikey_guard_put_keys(g, which, encr_alg, t, &list, &plain, w);
	ms_wipe(room, plain.len);
	return err;
}

int ms_mikey_take_keyring(const struct ms_mikey_guard *g, enum ms_mikey_which which,
			  const struct ms_mikey_message *m, bool allowed,
			  const struct ms_mikey_local *local, struct ms_mikey_keyring *keys,
			  struct ms_fault *fault)
{
	uint8_t room[MS_MIKEY_SEALED_ROOM];
	struct ms_mikey_keys list = { .n = 0 };
	struct ms_buf plain;
	int err;

	if (!m->kemac.set || !allowed)
		return 0;
	ms_buf_init_fixed(&plain, room, sizeof(room));
	err = ms_mikey_guard_get_keys(g, which, m, local, &list, &plain, fault);
	if (err == 0)
		err = ms_mikey_check_keys(&list, 0, fault);
	if (err == 0)
		err = ms_mikey_keyring_take(keys, &list, 0, fault);
	ms_wipe(room, plain.len);
	return err;
}

struct ms_span ms_mikey_id_or(const struct ms_mikey_id *id, const struct ms_mikey_id *fallback)
{
	return id->data.p ? id->data : fallback->data;
}
