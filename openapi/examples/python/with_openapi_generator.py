"""Sets the five passwords with the clients that openapi-generator generates."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from pydantic import BaseModel, SecretStr

import scenario
from generated.openapi_generator import dcs, ddm, dms
from scenario import ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, TOKEN, URL

# By default urllib3 follows a redirect, and takes password and token along; and it sends a change
# whose answer was lost again, with an old password that is no longer right.
RETRIES = False


def change(
    service: str, operation_id: str, call: Callable[..., Any], *ids: object, body: BaseModel
) -> None:
    """Sends a request by a call that returns the answer as it came, without parsing it."""

    def send() -> tuple[int, bytes]:
        answer = call(*ids, body)
        return answer.status, answer.data

    scenario.change(service, operation_id, body.model_dump(by_alias=True), send)


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
        call = self.ddm.reset_user_password_without_preload_content
        body = ddm.ResetUserPasswordRequest(password=password)
        change("ddm", "resetUserPassword", call, PROJECT_ID, DDM_ID, ACCOUNT, body=body)

    def ddm_reset_administrator(self, password: str) -> None:
        call = self.ddm.reset_administrator_without_preload_content
        body = ddm.ResetAdministratorRequest(name="root", password=password)
        change("ddm", "resetAdministrator", call, PROJECT_ID, DDM_ID, body=body)

    def dcs_update_password(self, old_password: str, password: str) -> None:
        call = self.dcs.update_password_without_preload_content
        old = SecretStr(old_password)
        body = dcs.UpdatePasswordRequest(old_password=old, new_password=password)
        change("dcs", "updatePassword", call, PROJECT_ID, UUID(DCS_ID), body=body)

    def dcs_reset_password(self, password: str) -> None:
        call = self.dcs.reset_password_without_preload_content
        body = dcs.ResetPasswordRequest(new_password=password)
        change("dcs", "resetPassword", call, PROJECT_ID, UUID(DCS_ID), body=body)

    def dms_reset_password(self, password: str) -> None:
        call = self.dms.reset_password_without_preload_content
        body = dms.ResetPasswordRequest(new_password=password)
        change("dms", "resetPassword", call, PROJECT_ID, UUID(DMS_ID), body=body)


scenario.run(Client())
