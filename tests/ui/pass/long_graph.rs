//! A graph of many steps is checked in no time, and is not called too large.

use steadfast::prelude::*;

macro_rules! events {
    ($($name:ident)*) => { $(#[derive(Event)] struct $name;)* };
}

events!( E0 E1 E2 E3 E4 E5 E6 E7 E8 E9 E10 E11 E12 E13 E14 E15 E16 E17 E18 E19 E20 E21 E22 E23 E24 E25 E26 E27 E28 E29 E30 E31 E32 E33 E34 E35 E36 E37 E38 E39 E40 E41 E42 E43 E44 E45 E46 E47 E48 E49 E50 E51 E52 E53 E54 E55 E56 E57 E58 E59 );

struct Chain;

#[workflow]
impl Chain {
    #[step]
    async fn begin(_: Begin<()>) -> Result<E0> {
        Ok(E0)
    }

    #[step]
    async fn s0(_: E0) -> Result<E1> {
        Ok(E1)
    }

    #[step]
    async fn s1(_: E1) -> Result<E2> {
        Ok(E2)
    }

    #[step]
    async fn s2(_: E2) -> Result<E3> {
        Ok(E3)
    }

    #[step]
    async fn s3(_: E3) -> Result<E4> {
        Ok(E4)
    }

    #[step]
    async fn s4(_: E4) -> Result<E5> {
        Ok(E5)
    }

    #[step]
    async fn s5(_: E5) -> Result<E6> {
        Ok(E6)
    }

    #[step]
    async fn s6(_: E6) -> Result<E7> {
        Ok(E7)
    }

    #[step]
    async fn s7(_: E7) -> Result<E8> {
        Ok(E8)
    }

    #[step]
    async fn s8(_: E8) -> Result<E9> {
        Ok(E9)
    }

    #[step]
    async fn s9(_: E9) -> Result<E10> {
        Ok(E10)
    }

    #[step]
    async fn s10(_: E10) -> Result<E11> {
        Ok(E11)
    }

    #[step]
    async fn s11(_: E11) -> Result<E12> {
        Ok(E12)
    }

    #[step]
    async fn s12(_: E12) -> Result<E13> {
        Ok(E13)
    }

    #[step]
    async fn s13(_: E13) -> Result<E14> {
        Ok(E14)
    }

    #[step]
    async fn s14(_: E14) -> Result<E15> {
        Ok(E15)
    }

    #[step]
    async fn s15(_: E15) -> Result<E16> {
        Ok(E16)
    }

    #[step]
    async fn s16(_: E16) -> Result<E17> {
        Ok(E17)
    }

    #[step]
    async fn s17(_: E17) -> Result<E18> {
        Ok(E18)
    }

    #[step]
    async fn s18(_: E18) -> Result<E19> {
        Ok(E19)
    }

    #[step]
    async fn s19(_: E19) -> Result<E20> {
        Ok(E20)
    }

    #[step]
    async fn s20(_: E20) -> Result<E21> {
        Ok(E21)
    }

    #[step]
    async fn s21(_: E21) -> Result<E22> {
        Ok(E22)
    }

    #[step]
    async fn s22(_: E22) -> Result<E23> {
        Ok(E23)
    }

    #[step]
    async fn s23(_: E23) -> Result<E24> {
        Ok(E24)
    }

    #[step]
    async fn s24(_: E24) -> Result<E25> {
        Ok(E25)
    }

    #[step]
    async fn s25(_: E25) -> Result<E26> {
        Ok(E26)
    }

    #[step]
    async fn s26(_: E26) -> Result<E27> {
        Ok(E27)
    }

    #[step]
    async fn s27(_: E27) -> Result<E28> {
        Ok(E28)
    }

    #[step]
    async fn s28(_: E28) -> Result<E29> {
        Ok(E29)
    }

    #[step]
    async fn s29(_: E29) -> Result<E30> {
        Ok(E30)
    }

    #[step]
    async fn s30(_: E30) -> Result<E31> {
        Ok(E31)
    }

    #[step]
    async fn s31(_: E31) -> Result<E32> {
        Ok(E32)
    }

    #[step]
    async fn s32(_: E32) -> Result<E33> {
        Ok(E33)
    }

    #[step]
    async fn s33(_: E33) -> Result<E34> {
        Ok(E34)
    }

    #[step]
    async fn s34(_: E34) -> Result<E35> {
        Ok(E35)
    }

    #[step]
    async fn s35(_: E35) -> Result<E36> {
        Ok(E36)
    }

    #[step]
    async fn s36(_: E36) -> Result<E37> {
        Ok(E37)
    }

    #[step]
    async fn s37(_: E37) -> Result<E38> {
        Ok(E38)
    }

    #[step]
    async fn s38(_: E38) -> Result<E39> {
        Ok(E39)
    }

    #[step]
    async fn s39(_: E39) -> Result<E40> {
        Ok(E40)
    }

    #[step]
    async fn s40(_: E40) -> Result<E41> {
        Ok(E41)
    }

    #[step]
    async fn s41(_: E41) -> Result<E42> {
        Ok(E42)
    }

    #[step]
    async fn s42(_: E42) -> Result<E43> {
        Ok(E43)
    }

    #[step]
    async fn s43(_: E43) -> Result<E44> {
        Ok(E44)
    }

    #[step]
    async fn s44(_: E44) -> Result<E45> {
        Ok(E45)
    }

    #[step]
    async fn s45(_: E45) -> Result<E46> {
        Ok(E46)
    }

    #[step]
    async fn s46(_: E46) -> Result<E47> {
        Ok(E47)
    }

    #[step]
    async fn s47(_: E47) -> Result<E48> {
        Ok(E48)
    }

    #[step]
    async fn s48(_: E48) -> Result<E49> {
        Ok(E49)
    }

    #[step]
    async fn s49(_: E49) -> Result<E50> {
        Ok(E50)
    }

    #[step]
    async fn s50(_: E50) -> Result<E51> {
        Ok(E51)
    }

    #[step]
    async fn s51(_: E51) -> Result<E52> {
        Ok(E52)
    }

    #[step]
    async fn s52(_: E52) -> Result<E53> {
        Ok(E53)
    }

    #[step]
    async fn s53(_: E53) -> Result<E54> {
        Ok(E54)
    }

    #[step]
    async fn s54(_: E54) -> Result<E55> {
        Ok(E55)
    }

    #[step]
    async fn s55(_: E55) -> Result<E56> {
        Ok(E56)
    }

    #[step]
    async fn s56(_: E56) -> Result<E57> {
        Ok(E57)
    }

    #[step]
    async fn s57(_: E57) -> Result<E58> {
        Ok(E58)
    }

    #[step]
    async fn s58(_: E58) -> Result<E59> {
        Ok(E59)
    }

    #[step]
    async fn end(_: E59) -> Result<Stop> {
        Ok(Stop(()))
    }
}

fn main() {}
