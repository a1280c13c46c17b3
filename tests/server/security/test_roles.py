from server.security.roles import Role


def test_each_role_may_all_that_the_ones_below_it_may() -> None:
    order = [Role.ADMINISTRATOR, Role.BILLER, Role.SCHEDULER, Role.VIEWER]
    for place, role in enumerate(order):
        assert [role.at_least(needed) for needed in order] == [place <= other for other in range(len(order))]
