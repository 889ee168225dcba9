/* SPDX-License-Identifier: Apache-2.0 */
/* The client of the key management server. See kms-client.h. */
#include "keys/kms-client.h"

#include <errno.h>

#include "core/alloc.h"
#include "core/base64.h"
#include "core/buf.h"
#include "core/list.h"
#include "mikey/message.h"

#define MEDIA_TYPE "application/mikey"
#define URL_MAX 2048

struct ms_keys_kms {
	struct ms_http_client *http; /* owned */
	const struct ms_profile *profile;
	char *url;            /* owned */
	struct ms_list calls; /* of struct ms_keys_kms_call */
};

struct ms_keys_kms_call {
	struct ms_list link;
	struct ms_http_call *http;
	ms_keys_kms_f *handler;
	void *arg;
};

int ms_keys_kms_new(const struct ms_keys_kms_options *o, struct ms_keys_kms **ret_k)
{
	const struct ms_http_client_options http = {
		.ca_file = o->ca_file,
		.reply_max = 2 * MS_MIKEY_MESSAGE_MAX,
		.connect_limit = o->timeout,
		.total_limit = o->timeout,
	};
	struct ms_keys_kms *k = ms_zalloc(sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	ms_list_init(&k->calls);
	k->profile = o->profile;
	k->url = ms_strdup(o->url);
	err = k->url ? ms_http_client_new(&http, &k->http) : -ENOMEM;
	if (err) {
		ms_keys_kms_free(k);
		return err;
	}
	*ret_k = k;
	return 0;
}

struct ms_keys_kms *ms_keys_kms_free(struct ms_keys_kms *k)
{
	if (!k)
		return NULL;
	while (!ms_list_empty(&k->calls))
		ms_keys_kms_cancel(MS_CONTAINER_OF(k->calls.next, struct ms_keys_kms_call, link));
	ms_http_client_free(k->http);
	ms_free(k->url);
	return ms_free(k);
}

const char *ms_keys_kms_url(const struct ms_keys_kms *k)
{
	return k->url;
}

static void forget(struct ms_keys_kms_call *call)
{
	ms_list_remove(&call->link);
	ms_free(call);
}

struct ms_keys_kms_call *ms_keys_kms_cancel(struct ms_keys_kms_call *call)
{
	if (!call)
		return NULL;
	ms_http_cancel(call->http);
	forget(call);
	return NULL;
}

static const char *reason_of(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "kms_timeout";
	case -EKEYREJECTED:
		return "kms_tls";
	case -EMSGSIZE:
	case -EPROTO:
		return "kms_body";
	default:
		return "kms_unreachable";
	}
}

/* A MIKEY message begins with its version, 1; base64 of it with 'A'. */
static int decode_body(struct ms_span body, struct ms_buf *octets)
{
	if (body.len > 0 && body.p[0] == MS_MIKEY_VERSION) {
		ms_buf_put_span(octets, body);
		return ms_buf_status(octets);
	}
	return ms_base64_decode(octets, ms_span_trim(body), true);
}

static bool is_mikey(struct ms_span type)
{
	return ms_span_is_nocase(ms_span_trim(ms_span_sub(type, 0, ms_span_find(type, ';'))),
				 MEDIA_TYPE);
}

static void answered(const struct ms_http_answer *h, void *arg)
{
	struct ms_keys_kms_call *call = arg;
	struct ms_keys_kms_answer a = { .status = (unsigned)h->status, .detail = "" };
	ms_keys_kms_f *handler = call->handler;
	void *handler_arg = call->arg;
	MS_CLEANUP(ms_buf_done) struct ms_buf octets;

	ms_buf_init(&octets, 2 * MS_MIKEY_MESSAGE_MAX);
	forget(call);
	if (h->err) {
		a.reason = reason_of(h->err);
		a.detail = h->message && *h->message ? h->message : strerror(-h->err);
	} else if (is_mikey(h->type) && !decode_body(h->body, &octets) && octets.len > 0) {
		a.message = ms_buf_span(&octets); /* with an error status: a MIKEY Error message */
	} else if (h->status != 200) {
		a.reason = "kms_http_status";
		a.detail = "the key management server refused the request";
	} else {
		a.reason = "kms_body";
		a.detail = "the answer has no MIKEY message in it";
	}
	handler(&a, handler_arg);
}

static void put_url(const struct ms_keys_kms *k, enum ms_keys_kms_exchange exchange,
		    struct ms_buf *b)
{
	const struct ms_profile *p = k->profile;
	size_t len = strlen(k->url);

	ms_buf_put(b, k->url, len > 0 && k->url[len - 1] == '/' ? len - 1 : len);
	ms_buf_printf(b, "%s?%s=%s", p->kms_path, p->kms_query,
		      exchange == MS_KEYS_KMS_REQUEST ? p->kms_request : p->kms_resolve);
}

int ms_keys_kms_post(struct ms_keys_kms *k, enum ms_keys_kms_exchange exchange,
		     struct ms_span message, ms_keys_kms_f *handler, void *arg,
		     struct ms_keys_kms_call **ret_call)
{
	MS_CLEANUP(ms_buf_done) struct ms_buf url, body;
	struct ms_keys_kms_call *call;
	int err;

	ms_buf_init(&url, URL_MAX);
	ms_buf_init(&body, 2 * MS_MIKEY_MESSAGE_MAX);
	put_url(k, exchange, &url);
	if (strcmp(k->profile->kms_body, "base64") == 0)
		ms_base64_encode(&body, message);
	else
		ms_buf_put_span(&body, message);
	if (ms_buf_status(&url) || ms_buf_status(&body))
		return -EMSGSIZE;
	call = ms_zalloc(sizeof(*call));
	if (!call)
		return -ENOMEM;
	*call = (struct ms_keys_kms_call){ .handler = handler, .arg = arg };
	err = ms_http_post(k->http, ms_buf_cstr(&url), MEDIA_TYPE, ms_buf_span(&body), answered,
			   call, &call->http);
	if (err) {
		ms_free(call);
		return err;
	}
	ms_list_append(&k->calls, &call->link);
	*ret_call = call;
	return 0;
}
