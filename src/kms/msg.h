/* SPDX-License-Identifier: Apache-2.0 */
/* What the parent, the front and the vault say to each other, over src/priv channels. */
#ifndef MS_KMS_MSG_H
#define MS_KMS_MSG_H

enum ms_kms_msg {
	/* parent -> role */
	MS_KMS_MSG_CONFIG = 1, /* values (ms_config_put()): a reload */
	MS_KMS_MSG_STOP,       /* end gracefully */
	/* front -> vault; the id is the front's */
	MS_KMS_MSG_HANDLE,   /* one MIKEY message: the whole body */
	MS_KMS_MSG_COUNTERS, /* the front's counters, unasked, each second; no answer */
	MS_KMS_MSG_METRICS,  /* empty: asks for the vault's counters */
	/* vault -> front */
	MS_KMS_MSG_ANSWER,  /* u8 enum ms_kms_answer, then the MIKEY message to answer with */
	MS_KMS_MSG_METERED, /* the vault's counters */
};

enum ms_kms_answer {
	MS_KMS_ANSWER_OK,     /* a response or a MIKEY Error message: 200 */
	MS_KMS_ANSWER_BAD,    /* no MIKEY-TICKET message for a KMS: 400 */
	MS_KMS_ANSWER_BUSY,   /* journal or memory full: 503 */
	MS_KMS_ANSWER_FAILED, /* our own fault: 500 */
};

/** Descriptors of the roles, after MS_ROLE_FD (the parent's channel). */
enum {
	MS_KMS_FD_CONFIG = 1, /* a file: head of struct ms_kms_hello, then the values */
	MS_KMS_FD_STATUS,     /* a pipe: one octet '+' when the role serves */
	MS_KMS_FD_LINK,       /* between front and vault */
	MS_KMS_FD_LISTEN,     /* front: n_listen sockets, then the metrics socket if any */
};

#endif
