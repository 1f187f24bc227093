"""What sharing says when something cannot be done; each sentence says what to do next.

UserError
├── UnknownRequest, UnknownGrant
├── OwnData                  an organisation's own data needs no request
├── StepRefused              the request's state does not allow the action
├── RequestIncomplete        ONE complete list of what is missing
├── OnlyOnce                 a supplement or an extension was asked for already
├── SignatureMissing         an office head, or an input's provider, has not signed this wording
├── DecisionTooWide          a decision may grant fewer columns, places, days: never more
├── DecisionUnfounded        a refusal needs its reason and its basis
├── ContractMoved            the data set's contract has a new major version since
├── GrantStepRefused         the grant's state does not allow the action
└── InputWithdrawn           a derived data set whose inputs are not all in force
"""

from catalog.errors import UserError


class UnknownRequest(UserError):
    code = "UNKNOWN_REQUEST"
    zh = "没有编号为 {request} 的共享申请。"
    en = "No share request has the id {request}. List the requests you may see."


class UnknownGrant(UserError):
    code = "UNKNOWN_GRANT"
    zh = "没有编号为 {grant} 的授权。"
    en = "No grant has the id {grant}. List the grants you may see."


class OwnData(UserError):
    code = "OWN_DATA"
    zh = "{data_set} 由本部门提供，应用可直接读取，无需申请。"
    en = "{data_set} is your own organisation's data: your applications read it without a request."


class StepRefused(UserError):
    code = "REQUEST_STATE"
    zh = "申请 {request} 目前为“{state_zh}”，不能办理“{action_zh}”{decided_zh}；可办理：{possible_zh}。"
    en = "Request {request} is {state}, so {action} is not possible{decided}; possible: {possible}."


class RequestIncomplete(UserError):
    code = "REQUEST_INCOMPLETE"
    zh = "申请 {request} 不完整，请一次补齐：{missing_zh}。"
    en = "Request {request} is incomplete. Add all of this, then submit again: {missing}."


class OnlyOnce(UserError):
    code = "ONLY_ONCE"
    zh = "申请 {request} 已经{what_zh}过一次，按规定只能一次；请作出决定。"
    en = "Request {request} has had its one {what}. Decide it now."


class SignatureMissing(UserError):
    code = "SIGNATURE_MISSING"
    zh = "申请 {request} 尚缺签字：{who_zh}；请先由其签字。"
    en = "Request {request} lacks a signature: {who}. Have it signed first."


class DecisionTooWide(UserError):
    code = "DECISION_TOO_WIDE"
    zh = "对申请 {request} 的决定超出申请范围：{problem_zh}；只能批准所申请的全部或一部分。"
    en = "The decision on {request} exceeds the request: {problem}. Grant what was asked, or less."


class DecisionUnfounded(UserError):
    code = "DECISION_UNFOUNDED"
    zh = "对申请 {request} 不予同意须写明理由和依据；不得以材料不全为由拒绝，应一次性告知补正。"
    en = "A refusal of {request} states its reason and its basis. For missing material ask for a supplement instead."


class ContractMoved(UserError):
    code = "CONTRACT_MOVED"
    zh = "{data_set} 的数据契约已升为第 {now} 版（申请时为第 {then} 版），请按新契约修改申请并重新签字。"
    en = "The contract of {data_set} is now version {now}, the request was made for {then}. Revise the request and have it signed again."


class GrantStepRefused(UserError):
    code = "GRANT_STATE"
    zh = "授权 {grant} 目前为“{state_zh}”，不能办理“{action_zh}”。"
    en = "Grant {grant} is {state}, so {action} is not possible."


class InputWithdrawn(UserError):
    code = "INPUT_WITHDRAWN"
    zh = "{data_set} 暂停服务：其输入数据的授权已终止或不允许融合；请由所属部门重新申请输入数据。"
    en = (
        "{data_set} is not served: its owner holds no grant in force that permits derivation "
        "on all its inputs. The owner has to request them again."
    )
