"""Sets the five passwords with the clients that openapi-generator generates."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn
from uuid import UUID

from pydantic import SecretStr

import scenario
from generated.openapi_generator import dcs, ddm, dms
from scenario import ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, TOKEN, URL, Refused, prove

# By default urllib3 follows a redirect, and takes password and token along; and it sends a change
# whose answer was lost again, with an old password that is no longer right.
RETRIES = False


# The three clients have a class each.
ErrorBody = ddm.ErrorBody | dcs.ErrorBody | dms.ErrorBody


def refuse(status: int | None, error: ErrorBody | None) -> NoReturn:
    """A 4xx with a code is a refusal; after anything else it is not known what happened."""
    # DDM says `errCode`, the other services and the gateway before all of them `error_code`.
    code = error and (getattr(error, "err_code", None) or error.error_code)
    if not code or not 400 <= (status or 0) < 500:
        raise RuntimeError(f"status {status} does not say whether the password changed")
    raise Refused(code)


@contextmanager
def refusals() -> Iterator[None]:
    try:
        yield
    except (ddm.ApiException, dcs.ApiException, dms.ApiException) as error:
        refuse(error.status, error.data)


class Client:
    def __init__(self) -> None:
        token = {"token": TOKEN}
        self.ddm = ddm.DDMAccountsApi(
            ddm.ApiClient(ddm.Configuration(host=URL, api_key=token, retries=RETRIES))
        )
        self.dcs = dcs.RedisInstancesApi(
            dcs.ApiClient(dcs.Configuration(host=URL, api_key=token, retries=RETRIES))
        )
        self.dms = dms.KafkaInstancesApi(
            dms.ApiClient(dms.Configuration(host=URL, api_key=token, retries=RETRIES))
        )

    def ddm_reset_user_password(self, password: str) -> None:
        with refusals():
            answer = self.ddm.reset_user_password(
                PROJECT_ID, DDM_ID, ACCOUNT, ddm.ResetUserPasswordRequest(password=password)
            )
        prove(answer.success, True, False)

    def ddm_reset_administrator(self, password: str) -> None:
        body = ddm.ResetAdministratorRequest(name="root", password=password)
        # The success may come without a body, at which the other two forms of the call fail.
        answer = self.ddm.reset_administrator_without_preload_content(PROJECT_ID, DDM_ID, body)
        if answer.status >= 400:
            refuse(answer.status, ddm.ErrorBody.from_json(answer.data.decode()))
        # 202: it is accepted, and a job does it.
        prove(answer.status in (200, 202), True)

    def dcs_update_password(self, old_password: str, password: str) -> None:
        body = dcs.UpdatePasswordRequest(old_password=SecretStr(old_password), new_password=password)
        with refusals():
            answer = self.dcs.update_password(PROJECT_ID, UUID(DCS_ID), body)
        prove(answer.result, "success", "passwordFailed", "locked", "failed")

    def dcs_reset_password(self, password: str) -> None:
        body = dcs.ResetPasswordRequest(new_password=password)
        with refusals():
            answer = self.dcs.reset_password(PROJECT_ID, UUID(DCS_ID), body)
        prove(answer.code, "1", "3")

    def dms_reset_password(self, password: str) -> None:
        body = dms.ResetPasswordRequest(new_password=password)
        with refusals():
            answer = self.dms.reset_password_with_http_info(PROJECT_ID, UUID(DMS_ID), body)
        prove(answer.status_code, 204)


scenario.run(Client())
