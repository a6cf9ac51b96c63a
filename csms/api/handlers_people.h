/* Handlers of routes that are about people: users, sign-in, approval by four eyes, audit; by the file that they stand in. */
#ifndef CSMS_API_HANDLERS_PEOPLE_H
#define CSMS_API_HANDLERS_PEOPLE_H

struct ask;

/* users.c */
void users_list(struct ask *k);
void user_put(struct ask *k);
void user_reset_post(struct ask *k);
void user_sign_out_post(struct ask *k);
void user_factor_remove_post(struct ask *k);
void user_sessions_get(struct ask *k);
void user_session_delete(struct ask *k);

/* self.c */
void password_post(struct ask *k);
void factor_offer_post(struct ask *k);
void factor_put(struct ask *k);
void factor_remove_post(struct ask *k);
void own_sessions_get(struct ask *k);
void own_session_delete(struct ask *k);
void sign_out_everywhere_post(struct ask *k);

/* records.c */
void four_eyes_list(struct ask *k);
void four_eyes_approve(struct ask *k);
void four_eyes_refuse(struct ask *k);
void audit_list(struct ask *k);
void audit_get(struct ask *k);
void journal_get(struct ask *k);

/* access.c */
void sign_in_post(struct ask *k);
void sign_out_post(struct ask *k);
void session_get(struct ask *k);
void link_post(struct ask *k);
void api_tokens_list(struct ask *k);
void api_token_post(struct ask *k);
void api_token_delete(struct ask *k);

/* vouched.c */
void vouched_list(struct ask *k);
void vouched_begin_post(struct ask *k);
void vouched_back_get(struct ask *k);

#endif
