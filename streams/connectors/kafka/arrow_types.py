"""Which types of Arrow are read from strangers."""

from __future__ import annotations

from typing import Any

from halflife.schemas.errors import MessageError


def check_types(schema: Any) -> None:
    """Nothing, if each row of a schema is as long as its bytes.

    Raises:
        MessageError: For types in which rows can share their bytes: they could be any number of
            times as long as the message.
    """
    import pyarrow as pa

    # A dictionary only for a whole column: there its size is looked at.
    todo = [f.type.value_type if pa.types.is_dictionary(f.type) else f.type for f in schema]
    while todo:
        kind = todo.pop()
        if (
            pa.types.is_list(kind)
            or pa.types.is_large_list(kind)
            or pa.types.is_fixed_size_list(kind)
        ):
            todo.append(kind.value_type)
        elif pa.types.is_struct(kind):
            todo += [kind.field(i).type for i in range(kind.num_fields)]
        elif not (
            (pa.types.is_primitive(kind) or pa.types.is_decimal(kind) or pa.types.is_null(kind))
            or (pa.types.is_string(kind) or pa.types.is_large_string(kind))
            or (pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
        ):
            raise MessageError("wrong-type", "", f"values of type {kind} are not read here")
