import numpy as np

from halflife.streams.demo.bystander import Bystander
from halflife.streams.demo.chapter import Chapter
from halflife.streams.demo.story import skills, unmet


def test_a_demo_in_which_nothing_happens_is_no_story():
    missing = unmet(Chapter("opv"), Chapter("hplc"))
    assert "opv: a first batch made from the reference" in missing
    assert "hplc: a first batch" in missing
    assert "hplc: an alarm for drift of peak_area given the set-points" in missing
    assert any(part.startswith("opv: fidelity measured up to the last") for part in missing)
    assert skills(Chapter("opv")) is None


def test_the_bystander_sees_a_step_and_tells_where():
    rng = np.random.default_rng(0)
    bystander = Bystander("degradation")
    assert bystander.text.endswith("has seen nothing in 0 records")
    for value in np.concatenate([rng.normal(size=500), 5 + rng.normal(size=200)]):
        bystander.see(float(value))
    assert len(bystander.alarms) >= 1
    assert 500 <= bystander.alarms[0] <= 600
    assert "has seen a change at record" in bystander.text
