"""Sets the five passwords with the clients that openapi-python-client generates."""

from typing import Any
from uuid import UUID

import scenario
from generated.openapi_python_client import dcs, ddm, dms
from generated.openapi_python_client.dcs import models as dcs_models
from generated.openapi_python_client.dcs.api.redis_instances import reset_password as dcs_reset
from generated.openapi_python_client.dcs.api.redis_instances import update_password
from generated.openapi_python_client.ddm import models as ddm_models
from generated.openapi_python_client.ddm.api.ddm_accounts import (
    reset_administrator,
    reset_user_password,
)
from generated.openapi_python_client.dms import models as dms_models
from generated.openapi_python_client.dms.api.kafka_instances import reset_password as dms_reset
from scenario import ACCOUNT, DCS_ID, DDM_ID, DMS_ID, PROJECT_ID, TOKEN, URL

# The token alone, in its own header: the default is `Authorization: Bearer`.
HEADER, PREFIX = "X-Auth-Token", ""

AnyClient = ddm.AuthenticatedClient | dcs.AuthenticatedClient | dms.AuthenticatedClient


def change(service: str, operation_id: str, client: AnyClient, request: dict[str, Any]) -> None:
    """Sends a request past `sync_detailed`, which fails at answers that the contract allows."""

    def send() -> tuple[int, bytes]:
        answer = client.get_httpx_client().request(**request)
        return answer.status_code, answer.content

    scenario.change(service, operation_id, request["json"], send)


class Client:
    def __init__(self) -> None:
        # These follow no redirect, and send nothing twice.
        self.ddm = ddm.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)
        self.dcs = dcs.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)
        self.dms = dms.AuthenticatedClient(URL, TOKEN, prefix=PREFIX, auth_header_name=HEADER)

    def ddm_reset_user_password(self, password: str) -> None:
        body = ddm_models.ResetUserPasswordRequest(password=password)
        request = reset_user_password._get_kwargs(PROJECT_ID, DDM_ID, ACCOUNT, body=body)
        change("ddm", "resetUserPassword", self.ddm, request)

    def ddm_reset_administrator(self, password: str) -> None:
        body = ddm_models.ResetAdministratorRequest(name="root", password=password)
        request = reset_administrator._get_kwargs(PROJECT_ID, DDM_ID, body=body)
        change("ddm", "resetAdministrator", self.ddm, request)

    def dcs_update_password(self, old_password: str, password: str) -> None:
        body = dcs_models.UpdatePasswordRequest(old_password=old_password, new_password=password)
        request = update_password._get_kwargs(PROJECT_ID, UUID(DCS_ID), body=body)
        change("dcs", "updatePassword", self.dcs, request)

    def dcs_reset_password(self, password: str) -> None:
        body = dcs_models.ResetPasswordRequest(new_password=password)
        request = dcs_reset._get_kwargs(PROJECT_ID, UUID(DCS_ID), body=body)
        change("dcs", "resetPassword", self.dcs, request)

    def dms_reset_password(self, password: str) -> None:
        body = dms_models.ResetPasswordRequest(new_password=password)
        request = dms_reset._get_kwargs(PROJECT_ID, UUID(DMS_ID), body=body)
        change("dms", "resetPassword", self.dms, request)


scenario.run(Client())
