/* SPDX-License-Identifier: Apache-2.0 */
/* The object in memory, and where in it a TRANSFER_INIT travels. */
#include <errno.h>

#include "cms/cms-priv.h"
#include "core/alloc.h"

const struct ms_cms_limits ms_cms_limits_default = { 1024 * 1024, 16 * 1024, 12 };

struct ms_cms_message *ms_cms_new(size_t piece_max)
{
	struct ms_cms_message *m = ms_zalloc(sizeof(*m));

	for (size_t i = 0; m && i < MS_CMS_PIECES; i++)
		ms_buf_init(&m->own[i], piece_max);
	return m;
}

struct ms_cms_message *ms_cms_free(struct ms_cms_message *m)
{
	for (size_t i = 0; m && i < MS_CMS_PIECES; i++)
		ms_buf_done(&m->own[i]);
	return ms_free(m);
}

void ms_cms_freep(struct ms_cms_message **m)
{
	*m = ms_cms_free(*m);
}

int ms_cms_keep(struct ms_cms_message *m, enum ms_cms_piece i, struct ms_span s)
{
	int err;

	ms_buf_reset(&m->own[i]);
	ms_buf_put_span(&m->own[i], s);
	err = ms_buf_status(&m->own[i]);
	if (err == 0)
		m->piece[i] = ms_buf_span(&m->own[i]);
	return err;
}

struct ms_span ms_cms_mac(const struct ms_cms_message *m)
{
	return m->piece[MS_CMS_MAC];
}

enum ms_aead_alg ms_cms_alg(const struct ms_cms_message *m)
{
	return m->alg;
}

size_t ms_cms_kek_len(const struct ms_cms_message *m)
{
	return m->kek_len;
}

/* The key identifier is outside of what the MAC covers, so the TRANSFER_INIT may contain the MAC. */
static int put_key_id(struct ms_cms_message *m, struct ms_span transfer_init)
{
	int err = transfer_init.len > 0 ? ms_cms_keep(m, MS_CMS_KEY_ID, transfer_init) : -EINVAL;

	if (err == 0)
		m->has_key_id = true;
	return err;
}

static int get_key_id(const struct ms_cms_message *m, struct ms_span *ret_transfer_init)
{
	if (!m->has_key_id || m->piece[MS_CMS_KEY_ID].len == 0)
		return -ENOENT;
	*ret_transfer_init = m->piece[MS_CMS_KEY_ID];
	return 0;
}

static const struct ms_cms_locator locators[] = {
	{ "kekid.keyIdentifier", put_key_id, get_key_id },
};

const struct ms_cms_locator *ms_cms_locator(struct ms_span name)
{
	for (size_t i = 0; i < MS_ARRAY_SIZE(locators); i++) {
		if (ms_span_is(name, locators[i].name))
			return &locators[i];
	}
	return NULL;
}

int ms_cms_put_transfer(struct ms_cms_message *m, const struct ms_cms_locator *at,
			struct ms_span transfer_init)
{
	return at->put(m, transfer_init);
}

int ms_cms_transfer(const struct ms_cms_message *m, const struct ms_cms_locator *at,
		    struct ms_span *ret_transfer_init)
{
	return at->get(m, ret_transfer_init);
}
