/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a transaction: transaction.c has its life and the answers, transaction-send.c writes each
 * try and chooses where it goes.
 */
#ifndef MS_SIP_TRANSACTION_PRIV_H
#define MS_SIP_TRANSACTION_PRIV_H

#include "sip/sip-priv.h"

struct ms_sip_transaction {
	struct ms_list link;
	struct ms_sip *sip;
	struct ms_sip_account *account;
	struct ms_sip_dialog *dialog; /* borrowed; its owner frees us first */
	struct sip_request *req;
	ms_sip_transaction_h *handler; /* NULL: forgotten */
	void *arg;
	void (*release)(void *arg); /* of arg, when the handler is never called; or NULL */
	struct ms_timer timer;
	char *method, *uri, *from, *to;
	char call_id[MS_SIP_TOKEN_SIZE], from_tag[MS_SIP_TOKEN_SIZE];
	const char *contact_params;
	uint32_t own_cseq, *cseq, seq;
	uint8_t *tail; /* our further headers, the empty line and the body */
	size_t tail_len;
	unsigned challenges, redirects;
	bool contact, follow, no_routes;
	bool upgraded, no_upgrade; /* to a stream for size; that failed */
	bool canceled;
	bool agreed; /* tried again with the list of a 494 */
};

/** One try: the request as it is now, to where it goes now. 0 or negative errno. */
MS_MUST_CHECK int ms_sip_transaction_try(struct ms_sip_transaction *t);

/** What libre calls with each response, or with a positive errno. */
void ms_sip_transaction_response(int err, const struct sip_msg *m, void *arg);

#endif
